// images/CONTRACT.md section 5 as data: the one place that says what a container may do. A test inspects real containers against it.
import type { Verb } from '../contract/request.ts';

export type Part = 'strategy-b' | 'drill';

export interface Privileges {
  user: string;
  capabilities: string[];
  zfsDevice: boolean;
  /** 'store': the network that the owner names for the strategy; 'none': no network at all. */
  network: 'store' | 'none';
  /** Whether AppArmor's default profile is taken away, because it forbids what mounting a pool needs. */
  unconfined: boolean;
}

const table: Record<string, Privileges> = {
  'strategy-b': privileges({ user: '1000:1000', zfsDevice: true, network: 'store' }),
  'drill fetch': privileges({ user: '1000:1000', network: 'store' }),
  'drill receive': privileges({
    user: '0:0',
    capabilities: ['SYS_ADMIN'],
    zfsDevice: true,
    unconfined: true,
  }),
  'drill reap': privileges({ user: '0:0', capabilities: ['SYS_ADMIN'], zfsDevice: true, unconfined: true }),
  // It reads both by `zfs send`, which is delegated to this uid: no capability, and no device but this one.
  'drill verify-volume': privileges({ user: '1000:1000', zfsDevice: true }),
  'drill verify': privileges({ user: '0:0', capabilities: ['DAC_READ_SEARCH'] }),
};

const ofVersion = privileges({ user: '1000:1000' });

function privileges(given: Partial<Privileges> & { user: string }): Privileges {
  return { capabilities: [], zfsDevice: false, network: 'none', unconfined: false, ...given };
}

/** Given a part and a verb, return what its container gets; throws for a pair that the contract does not know. */
export function privilegesOf(part: Part, verb: Verb): Privileges {
  if (verb === 'version') return ofVersion;
  const found = table[part] ?? table[`${part} ${verb}`];
  if (found === undefined) throw new Error(`the contract knows no verb ${verb} of ${part}`);
  return found;
}
