import type { App } from '../app.ts';
import { readVanished } from '../runs/known-datasets.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type Check, warn } from './check.ts';

/** What a strategy backed up once and backs up no more, without anybody having said so. */
export function checkVanished(app: App, { name }: Strategy): Check[] {
  return readVanished(app, name).map(({ id, dataset, goneSince }) =>
    warn(
      `backups of ${id}`,
      goneSince === null
        ? `${dataset} was backed up by strategy ${name}, and is no longer in the configuration`
        : `${dataset} was backed up by strategy ${name}, and is gone since ${goneSince}`,
      'put it back into `datasets`, or its id into `retired` if it is to be backed up no more',
    ),
  );
}
