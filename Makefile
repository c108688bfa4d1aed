# Haven's menu. Each line calls a script or npm; the logic is there, not here.
.DEFAULT_GOAL := help
help:            ## this menu
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

demo: ground     ## a real snapshot to (an emulated) Google Drive and back, proven by a drill
	@test/lab/on-ground test/demo/demo
test: ground     ## everything that CI runs
	@test/run
check: deps      ## types, lint, formatting, import borders
	@npm run --silent check
unit: deps       ## the tests that need neither Docker nor ZFS
	@npm run --silent test:unit
