"""What `make bench` can measure: one file a suite, found by walking this folder."""
