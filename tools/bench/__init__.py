"""What it costs: one telemetry by ours, by the stock `requests`, and by a floor, on the same hub in the same run."""
