import type { ResponseHeaders } from './messages.ts';

/** One challenge of a WWW-Authenticate header (RFC 9110 §11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A token, then what makes it a parameter or a scheme: `name=value`, `name="quoted, \" value"`, or a bare word. */
const piece =
  /[\s,]*(?<token>[!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s,"=]+(?=\s*(?:,|$))))|(?<bare>(?:\s+|,|$)))/gy;

/** A token68 (`Negotiate YII…=`) that follows a scheme. */
const token68 = /[\s]*[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))/gy;

/**
 * All challenges of an answer, in order, whether they came in one header or in several (Gitea 1.26.0 and Forgejo 14.0.3
 * send Bearer and Basic together, #37289). What cannot be read is left out.
 */
export function parseChallenges(headers: ResponseHeaders): Challenge[] {
  const value = headers['www-authenticate'];
  const lines = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return lines.flatMap(parseLine);
}

function parseLine(line: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  while (at < line.length) {
    piece.lastIndex = at;
    const groups = piece.exec(line)?.groups;
    const current = challenges.at(-1);
    if (groups === undefined) {
      // Not a parameter: the token68 of the current scheme, or rubbish up to the next comma.
      token68.lastIndex = at;
      const next = line.indexOf(',', at);
      at = token68.exec(line) === null ? (next < 0 ? line.length : next + 1) : token68.lastIndex;
      continue;
    }
    at = piece.lastIndex;
    const name = (groups['token'] ?? '').toLowerCase();
    const parameter = groups['quoted']?.replace(/\\(.)/g, '$1') ?? groups['plain'];
    if (parameter === undefined) challenges.push({ scheme: name, parameters: {} });
    else if (current !== undefined) current.parameters[name] = parameter;
  }
  return challenges;
}
