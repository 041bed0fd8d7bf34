import { parse } from 'yaml';

/** YAML, or JSON, which is a part of it. Undefined if it is neither. */
export function parseYaml(text: string): unknown {
  try {
    return parse(text, { logLevel: 'error' }) as unknown;
  } catch {
    // The message quotes the text, which has secrets.
    return undefined;
  }
}
