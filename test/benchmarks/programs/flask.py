#!/usr/bin/python3
from wsgiref.handlers import CGIHandler

from flask import Flask

application = Flask('benchmark')


@application.route('/')
def page():
    return 'hello'


CGIHandler().run(application)
