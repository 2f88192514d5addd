# ruff: noqa: F401 - the names are for the program on the board
from esp_flash import flash

bdev = flash
