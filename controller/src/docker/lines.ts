// Cuts a stream of bytes into lines, without ever holding more than one line's worth.
import { StringDecoder } from 'node:string_decoder';

export interface Lines {
  push(chunk: Buffer): void;
  /** Hands over a last line that did not end in a newline. */
  end(): void;
}

/** Given what takes each line, return a Lines; a line longer than `limit` characters is handed over cut, with `whole` false. */
export function cutLines(limit: number, take: (line: string, whole: boolean) => void): Lines {
  const decoder = new StringDecoder('utf8');
  let held = '';
  let overlong = false;
  const add = (text: string): void => {
    if (held.length + text.length > limit) overlong = true;
    held = (held + text).slice(0, limit);
  };
  const flush = (): void => {
    if (held !== '' || overlong) take(held, !overlong);
    held = '';
    overlong = false;
  };
  return {
    push(chunk) {
      const pieces = decoder.write(chunk).split('\n');
      pieces.forEach((piece, index) => {
        if (index > 0) flush();
        add(piece);
      });
    },
    end() {
      add(decoder.end());
      flush();
    },
  };
}
