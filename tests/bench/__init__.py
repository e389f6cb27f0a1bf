"""Speed and memory as ratios taken in one run, commands interleaved in random order. Never part of the tests:
`make bench`."""
