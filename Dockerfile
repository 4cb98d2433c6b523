# One image for web, worker, maintenance, Flower and the one-shot setup; docker-compose.yml says which.
FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN useradd --system --create-home --home-dir /home/fairlane --shell /usr/sbin/nologin fairlane
WORKDIR /app

COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

COPY manage.py ./
COPY settings settings
COPY engine engine
COPY campaigns campaigns

# collectstatic reads the settings, so they need values; no process ever runs with these.
RUN SECRET_KEY=build DATABASE_URL=postgresql://build/build REDIS_URL=redis://build \
    DJANGO_SETTINGS_MODULE=settings.production python manage.py collectstatic --noinput --verbosity 0

ENV DJANGO_SETTINGS_MODULE=settings.production
USER fairlane
# The services differ; each has its own in docker-compose.yml.
HEALTHCHECK NONE
CMD ["gunicorn", "settings.wsgi", "--bind", "0.0.0.0:8000"]
