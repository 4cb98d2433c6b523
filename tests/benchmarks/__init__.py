"""What the engine costs beside stock Celery and beside the database alone, in one run on the same servers."""
