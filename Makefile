# Haven's menu: each line calls a script; the logic is there, not here.
.DEFAULT_GOAL := help
.PHONY: help demo clean-demo test up init down drill doctor images check unit conformance bench kill-test kill-test-lab time-lapse ground lab lab-shell lab-stop

help:        ## this menu
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: lab   ## a real snapshot to Swift and an emulated Google Drive and back, proven by two drills
	@test/lab/on-ground test/demo/demo
clean-demo:  ## remove all that the demo made
	@test/lab/on-ground test/demo/clean
test:        ## everything that CI runs
	@test/run
up:          ## build the images and start the controller on this machine
	docker compose up --detach --build
init: up     ## set up by questions: what, where to, when; ends in a first backup and its drill
	@controller/bin/haven-on-host init
down:        ## stop the controller
	docker compose down
drill:       ## a restoration drill, now
	@test/lab/on-ground controller/bin/haven-on-host drill
doctor:      ## is everything in place?
	@test/lab/on-ground controller/bin/haven-on-host doctor
images: ground ## build every image, the tests' too
	@test/images
check:       ## types, lint, formatting, import borders
	@test/run check
unit:        ## the tests that need neither Docker nor ZFS
	@test/run unit
conformance: ## run every image through images/CONTRACT.md; IMAGE=haven/drill for one
	@test/conformance/run $(IMAGE)
bench:       ## how fast and how small: ratios to a shell's pipeline; ONLY=memory MIB=512
	@test/bench/run $(if $(ONLY),--only $(ONLY)) $(if $(MIB),--mib $(MIB))
kill-test:   ## kill backups at a hundred random steps, and go on after each; KILLS=300 SEED=7
	@test/kill/run --kills $(or $(KILLS),100) --seed $(or $(SEED),1)
kill-test-lab: lab ## the same to containers on real ZFS, a drill after each: minutes a kill; KILLS=100 SEED=7, FROM=12 goes on
	@test/kill/lab-run --kills $(or $(KILLS),3) --seed $(or $(SEED),1) --from $(or $(FROM),1)
time-lapse:  ## two years of backups, drills, outages and losses in half an hour; DAYS=90 SEED=7
	@test/time-lapse/run --days $(or $(DAYS),730) --seed $(or $(SEED),1)
ground:      ## make sure of Docker, and of ZFS: this machine's own, or else the lab's
	@test/lab/prepare-host
lab: images  ## where this machine has no ZFS: build and start a VM with real ZFS and Docker
	@test/lab/start
lab-shell:   ## a root shell in the lab
	@test/lab/on-ground bash -l
lab-stop:    ## stop the lab
	@test/lab/stop
