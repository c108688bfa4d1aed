# Names of everything that the demo makes; read by the scripts beside it. Only these names are ever touched or removed.
pool=haven-demo
dataset='haven-demo/family photos'
demo_home=${HAVEN_DEMO_HOME:-/var/lib/haven-demo}
part_bytes=4194304
# A file costs a second and more of the lab's emulated processor over the whole story: the tests take fewer.
small_files=${HAVEN_DEMO_FILES:-10000}
export HAVEN_PROJECT=haven-demo HAVEN_HOME="$demo_home/home"
# So that it runs beside a real Haven.
export HAVEN_MONITOR_PORT=9787
compose() { docker compose --progress quiet --profile demo "$@"; }
haven() { controller/bin/haven-on-host "$@"; }
