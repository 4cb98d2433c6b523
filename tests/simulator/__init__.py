"""The scheduler without servers: a model of the ring, workers in virtual time, a million tenants from a seed.

`python -m tests.simulator --tenants 1000000 --seed 7`. That the model is the same scheduler as the scripts is
proved by tests/integration/engine/test_ring_model.py: the same calls, the same choices, the same virtual times.
"""
