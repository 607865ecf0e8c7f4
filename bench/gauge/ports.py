"""Where things listen. An own loopback address keeps away from whatever else the machine runs."""

ADDRESS = "127.0.80.1"
PROXY = 18080
HEALTH = 18081
ORIGIN_A = 18082
ORIGIN_B = 18083

PROXY_CORE = 0
LOAD_CORE = 1
