#!/bin/sh
# Ends at once, without a word.
