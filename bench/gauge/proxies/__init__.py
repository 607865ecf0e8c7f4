"""The proxies side by side. Each does the same: keeps connections on both sides, adds
x-forwarded-for, x-forwarded-proto and x-request-id, forwards everything to one back end, has one
worker and writes no access log.

A module here has NAME, LABEL and two functions: `version()`, one line or None where the program is
not installed, and `command(directory)`, which writes the configuration and returns how to start."""

from gauge.proxies import envoy, haproxy, nginx, otemon

ALL = (nginx, haproxy, envoy, otemon)
