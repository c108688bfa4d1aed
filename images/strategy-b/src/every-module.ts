// Loads all that a run may load, so that the image's build compiles it beforehand. Never loaded by a run.
import './contract/request.ts';
import './context.ts';
import './verbs/audit.ts';
import './verbs/backup.ts';
import './verbs/copy.ts';
import './verbs/list.ts';
import './verbs/prune.ts';
import './verbs/selftest.ts';
import '@googleapis/drive';
import 'google-auth-library';
