# The interpreter runs this file, then gives the REPL; a user's program finds no name of it.
__import__("esp_boot").run(lambda name: execfile(name))  # noqa: F821
