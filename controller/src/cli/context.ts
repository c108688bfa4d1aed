import type { Command } from 'commander';
import { type App, buildApp, type Surroundings } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { homeAt } from '../home.ts';

/** What a verb says: `data` for --json, `text` for people, and the exit status. */
export interface Answer {
  data: Record<string, unknown>;
  text: string;
  exit: number;
}

export interface Context {
  env: NodeJS.ProcessEnv;
  out: (text: string) => void;
  /** To the person: questions, and what happens meanwhile. */
  err: (text: string) => void;
  /** Where the person types; process.stdin unless a test says otherwise. */
  input?: NodeJS.ReadableStream & { isTTY?: boolean };
  isTerminal: boolean;
  surroundings: Omit<Surroundings, 'home'>;
  answer: (answer: Answer) => void;
}

interface GlobalOptions {
  home?: string;
  config?: string;
}

export function homeOf(context: Context, command: Command) {
  const options = command.optsWithGlobals<GlobalOptions>();
  return homeAt(options.home ?? context.env.HAVEN_HOME ?? '/var/lib/haven', options.config);
}

/** Given what a verb does with an app, return a commander action that loads the configuration, does it, closes up, and answers. */
export function withApp(context: Context, act: (app: App, command: Command) => Promise<Answer> | Answer) {
  return async function action(this: Command): Promise<void> {
    const home = homeOf(context, this);
    const app = buildApp({ ...context.surroundings, home }, loadConfig(home.config));
    try {
      context.answer(await act(app, this));
    } finally {
      app.history.close();
    }
  };
}
