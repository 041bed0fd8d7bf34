import * as v from 'valibot';
import { listOf } from '../../../core/base/json.ts';

const pushRule = v.object({
  reference: v.pipe(v.string(), v.trim(), v.nonEmpty()),
  /** `host[:port]/owner`: see `targetUnderPrefix`. */
  target: v.optional(v.pipe(v.string(), v.trim(), v.nonEmpty())),
});

/** An item of the setting `teaChest.pushOnBuild`. */
export type PushRule = Readonly<v.InferOutput<typeof pushRule>>;

/** The items that can be read; the settings editor marks the others. */
export function readPushRules(setting: unknown): readonly PushRule[] {
  return v.parse(listOf(pushRule), setting);
}

/** The first rule for a `repository:tag`. */
export function ruleFor(rules: readonly PushRule[], reference: string): PushRule | undefined {
  return rules.find((rule) => matchesReference(rule.reference, reference));
}

/**
 * `*` stands for any characters but a slash, `**` for any, `?` for one. A pattern without a tag stands for all tags. Engines
 * name an image without a registry in different ways: podman begins with `localhost/`.
 */
export function matchesReference(pattern: string, reference: string): boolean {
  const hasTag = pattern.lastIndexOf(':') > pattern.lastIndexOf('/');
  const expression = (hasTag ? pattern : `${pattern}:*`)
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replace(/\*\*|\*|\?/g, (found) => ({ '**': '.*', '*': '[^/]*', '?': '[^/]' })[found] ?? '');
  const regular = new RegExp(`^${expression}$`);
  return regular.test(reference) || regular.test(reference.replace(/^localhost\//, ''));
}
