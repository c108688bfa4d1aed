// All that `make bench` measures, by the name that ONLY takes.
import { drill } from './drill.ts';
import type { Figure } from './figure.ts';
import { incremental } from './incremental.ts';
import { memory } from './memory.ts';
import { pipeline } from './pipeline.ts';
import type { Place } from './place.ts';
import { strategyA } from './strategy-a.ts';
import { uplink } from './uplink.ts';

export const scenarios: Record<string, (place: Place) => Promise<Figure[]>> = {
  pipeline,
  memory,
  incremental,
  uplink,
  drill,
  'strategy-a': strategyA,
};
