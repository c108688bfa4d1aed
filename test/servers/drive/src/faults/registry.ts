/**
 * The faults that wait for their request.
 *
 * A fault counts as used only when it really did something (`take`): one that was due at a request it could not spoil stays
 * pending, and `remaining` names it, so that a test can demand that every planned fault has happened.
 */
import { type Fault, type FaultName, parseFault, type RequestClass } from './catalogue.ts';

export type Params = Record<string, string | number>;

export interface DueFaults {
  /** Names of those that were taken, for the log. */
  readonly taken: readonly FaultName[];
  /** Given a fault's name, return its parameters if it is due at this request and can do something, and mark it as used. */
  take(name: FaultName, applies?: (params: Params) => boolean): Params | undefined;
  /** As `take`, for the first due one of several. */
  takeFirst(names: readonly FaultName[]): { name: FaultName; params: Params } | undefined;
}

export interface FaultRegistry {
  plan(input: Record<string, unknown>): Fault;
  remaining(): (Fault & { seen: number; fired: number })[];
  clear(): void;
  /** Called once for each request, with all classes that it belongs to. */
  observe(classes: readonly RequestClass[]): DueFaults;
}

interface Pending extends Fault {
  seen: number;
  fired: number;
}

export function createFaultRegistry(): FaultRegistry {
  let lastId = 0;
  let pending: Pending[] = [];

  function fire(fault: Pending): Params {
    fault.fired += 1;
    if (fault.fired >= fault.times) {
      pending = pending.filter((other) => other !== fault);
    }
    return fault.params;
  }

  return {
    plan(input) {
      const fault = parseFault(input, lastId + 1);
      lastId += 1;
      pending.push({ ...fault, seen: 0, fired: 0 });
      return fault;
    },
    remaining: () => pending.map((fault) => ({ ...fault })),
    clear() {
      pending = [];
    },
    observe(classes) {
      const matching = pending.filter((fault) => classes.includes(fault.match));
      for (const fault of matching) {
        fault.seen += 1;
      }
      let due = matching.filter((fault) => fault.seen >= fault.nth);
      const taken: FaultName[] = [];
      function takeFirst(names: readonly FaultName[], applies: (params: Params) => boolean = () => true) {
        const fault = due.find(({ name, params }) => names.includes(name) && applies(params));
        if (!fault) {
          return undefined;
        }
        due = due.filter((other) => other !== fault);
        taken.push(fault.name);
        return { name: fault.name, params: fire(fault) };
      }
      return { taken, take: (name, applies) => takeFirst([name], applies)?.params, takeFirst };
    },
  };
}
