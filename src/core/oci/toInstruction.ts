/** Longer instructions are cut: a RUN may be a whole script. Characters. */
const longest = 300;

/**
 * `created_by` as a line of a Dockerfile. The classic builder writes `/bin/sh -c #(nop)  ADD file:…`, BuildKit
 * `RUN /bin/sh -c make # buildkit`. Both write the values of build arguments before the command (`|1 TOKEN=abc /bin/sh -c
 * make`): these may be secrets, and are left out.
 */
export function toInstruction(createdBy: string): string {
  const line = createdBy
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/ # buildkit$/, '')
    // The classic builder names what it copies by a hash: `COPY dir:1a2b… in /`.
    .replaceAll(/\b(dir|file|multi):([0-9a-f]{12})[0-9a-f]{20,}/g, '$1:$2');
  const nop = /^\/bin\/sh -c #\(nop\) (.*)$/.exec(line);
  if (nop !== null) return cut(nop[1] ?? '');
  const withArguments = /^(?:RUN )?\|\d+ /.test(line);
  if (withArguments) {
    const command = /\/bin\/sh -c (.*)$/.exec(line)?.[1];
    return cut(command === undefined ? 'RUN …' : `RUN ${command}`);
  }
  const shell = /^(?:RUN )?\/bin\/sh -c (.*)$/.exec(line);
  return cut(shell === null ? line : `RUN ${shell[1] ?? ''}`);
}

function cut(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > longest ? `${trimmed.slice(0, longest - 1)}…` : trimmed;
}
