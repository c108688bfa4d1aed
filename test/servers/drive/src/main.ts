/** Entry of the Drive emulator: `node src/main.ts --help`. */
import { startEmulator } from './emulator.ts';
import { HELP, parseOptions } from './options.ts';

async function main(): Promise<number | undefined> {
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`drive-emulator: ${(error as Error).message}\nTry --help.\n`);
    return 2;
  }
  if (options === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  const emulator = await startEmulator(options);
  process.stdout.write(
    `${JSON.stringify({ event: 'ready', ...emulator.ports, ca: `${options.state}/ca.pem` })}\n`,
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void emulator.close().then(() => process.exit(0)));
  }
  return undefined;
}

try {
  const status = await main();
  if (status !== undefined) {
    process.exit(status);
  }
} catch (error) {
  process.stderr.write(`drive-emulator: can not start: ${(error as Error).message}\n`);
  process.exit(1);
}
