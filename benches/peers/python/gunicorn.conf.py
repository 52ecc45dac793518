"""Two processes, as many as the machine that all are measured on has cores. Threads, since only they keep connections."""

import os

bind = os.environ["LISTEN"]
workers = 2
worker_class = "gthread"
threads = 4
# Both processes take connections, not whoever wakes first.
reuse_port = True
keepalive = 75
# The load keeps more connections than a thread each.
worker_connections = 1000
# Nobody steers it while it runs, and nothing is left behind.
control_socket_disable = True
