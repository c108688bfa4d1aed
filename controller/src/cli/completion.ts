// Completion as a script that holds every command and option: asking the program at each press of a key would start a container's process for it.
import type { Command } from 'commander';

interface Place {
  /** Words that lead here: `config validate`. */
  path: string;
  words: { word: string; about: string }[];
}

/** Given the program with all its commands, return a script for a shell. */
export function completionScript(program: Command, shell: 'bash' | 'zsh' | 'fish', name: string): string {
  const places = placesOf(program, '');
  if (shell === 'fish') return fishScript(places, name);
  const zsh = shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : '';
  return `${zsh}${bashScript(places, name)}`;
}

function placesOf(command: Command, path: string): Place[] {
  const here = command.commands.map((one) => ({ word: one.name(), about: one.description() }));
  const options = command.createHelp().visibleOptions(command);
  const global = command.createHelp().visibleGlobalOptions(command);
  const long = [...options, ...global].flatMap((option) =>
    option.long == null ? [] : [{ word: option.long, about: option.description }],
  );
  const choices = command.registeredArguments.flatMap(({ argChoices = [], description }) =>
    argChoices.map((word) => ({ word, about: description })),
  );
  const below = command.commands.flatMap((one) => placesOf(one, `${path} ${one.name()}`.trim()));
  return [{ path, words: [...here, ...choices, ...long] }, ...below];
}

/** The longest chain of words that is a command decides; options and their values in between are stepped over. */
function bashScript(places: Place[], name: string): string {
  const cases = places.map(
    ({ path, words }) => `    '${path}') words='${words.map(({ word }) => word).join(' ')}' ;;`,
  );
  const known = places.map(({ path }) => `'${path}'`).join(' | ');
  return `_${identifier(name)}() {
  local word place='' words='' next
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${place:+$place }$word"
    case $next in
      ${known}) place=$next ;;
    esac
  done
  case $place in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _${identifier(name)} ${name}`;
}

function fishScript(places: Place[], name: string): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = places.flatMap(({ path, words }) => {
    const verbs = path === '' ? [] : path.split(' ');
    const when =
      verbs.length === 0
        ? '__fish_use_subcommand'
        : verbs.map((verb) => `__fish_seen_subcommand_from ${verb}`).join('; and ');
    return words.map(({ word, about }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c ${name} -f -n ${quoted(when)} ${what} -d ${quoted(about)}`;
    });
  });
  return lines.join('\n');
}

function identifier(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '_');
}
