"""Django REST framework with djangorestframework-simplejwt, its users and its blacklist on PostgreSQL.

One file, as small as Django gets. `python with_django.py` makes the tables, reads the names of users (one on each line), and prints a
refresh token for each of the first COUNT.
"""

import base64
import os
import sys
from datetime import timedelta
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

url = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": url.hostname,
            "PORT": url.port,
            "NAME": url.path.lstrip("/"),
            "USER": url.username,
            "PASSWORD": url.password,
            # A connection for each thread, kept.
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework_simplejwt.token_blacklist",
    ],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ["SECRET"],
    SIMPLE_JWT={
        "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
        "ALGORITHM": "HS256",
        "AUDIENCE": os.environ["AUDIENCE"],
        "BLACKLIST_AFTER_ROTATION": True,
        "ISSUER": os.environ["ISSUER"],
        "ROTATE_REFRESH_TOKENS": True,
        "SIGNING_KEY": base64.b64decode(os.environ["SECRET"]),
        "USER_ID_CLAIM": "user_id",
        "USER_ID_FIELD": "username",
    },
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.decorators import api_view, authentication_classes, permission_classes  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework_simplejwt.tokens import RefreshToken  # noqa: E402
from rest_framework_simplejwt.views import TokenRefreshView, TokenVerifyView  # noqa: E402


@api_view()
@authentication_classes([])
@permission_classes([])
def open_route(_request):
    return Response("hello")


@api_view()
def protected(_request):
    return Response("hello")


urlpatterns = [
    path("open", open_route),
    path("protected", protected),
    path("refresh", TokenRefreshView.as_view()),
    path("verify", TokenVerifyView.as_view()),
]
application = get_wsgi_application()


def prepare(names, count):
    call_command("migrate", verbosity=0)
    users = get_user_model().objects
    made = users.bulk_create(users.model(username=name, password="!") for name in names)
    for user in made[:count]:
        print(RefreshToken.for_user(user))


if __name__ == "__main__":
    prepare(sys.stdin.read().split(), int(os.environ["COUNT"]))
