// images/CONTRACT.md section 5 as data: the one place that says what a container may do. A test inspects real containers against it.
import type { StrategyName, Verb } from '../contract/request.ts';

export type Part = `strategy-${StrategyName}` | 'drill';

export interface Privileges {
  user: string;
  capabilities: string[];
  zfsDevice: boolean;
  /** 'store': the network that the owner names for the strategy; 'none': no network at all. */
  network: 'store' | 'none';
  /** Whether AppArmor's default profile is taken away, because it forbids what mounting a pool needs. */
  unconfined: boolean;
}

const onPools = privileges({
  user: '0:0',
  capabilities: ['SYS_ADMIN'],
  zfsDevice: true,
  unconfined: true,
});

const makesTrees = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'];

const table: Record<string, Privileges> = {
  'strategy-a': privileges({ user: '0:0', capabilities: ['DAC_READ_SEARCH'], network: 'store' }),
  'strategy-b': privileges({ user: '1000:1000', zfsDevice: true, network: 'store' }),
  // It makes the files of the restored tree, with owners, modes, devices and file capabilities.
  'drill fetch a': privileges({
    user: '0:0',
    capabilities: makesTrees,
    network: 'store',
  }),
  // The same, and reads what it copies, whosever that is.
  'drill copy-out': privileges({ user: '0:0', capabilities: makesTrees }),
  'drill fetch b': privileges({ user: '1000:1000', network: 'store' }),
  'drill look a': privileges({ user: '0:0', network: 'store' }),
  'drill look b': privileges({ user: '1000:1000', network: 'store' }),
  'drill parse': privileges({ user: '1000:1000' }),
  'drill prepare': onPools,
  'drill seal': onPools,
  'drill receive': onPools,
  'drill restore': onPools,
  'drill reap': onPools,
  // It reads both by `zfs send`, which is delegated to this uid: no capability, and no device but this one.
  'drill verify-volume': privileges({ user: '1000:1000', zfsDevice: true }),
  'drill verify': privileges({ user: '0:0', capabilities: ['DAC_READ_SEARCH'] }),
  // It copies trees, with all that belongs to their files.
  'drill alter': privileges({ user: '0:0', capabilities: makesTrees }),
};

function privileges(given: Partial<Privileges> & { user: string }): Privileges {
  return { capabilities: [], zfsDevice: false, network: 'none', unconfined: false, ...given };
}

/**
 * Given a part, a verb and, for a drill, whose backups are drilled, return what its container gets; throws for what the contract does not know.
 * `version` needs nothing, so it gets nothing, whoever is asked.
 */
export function privilegesOf(part: Part, verb: Verb, strategy: StrategyName | null): Privileges {
  if (verb === 'version') return privileges({ user: part === 'strategy-a' ? '0:0' : '1000:1000' });
  const found = table[part] ?? table[`${part} ${verb}`] ?? table[`${part} ${verb} ${strategy}`];
  if (found === undefined) throw new Error(`the contract knows no verb ${verb} of ${part}`);
  return found;
}
