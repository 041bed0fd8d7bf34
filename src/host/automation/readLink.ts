import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../core/base/errors.ts';
import { parseRegistryAddress } from '../../core/registry/registryAddress.ts';
import type { RegistryAddress } from '../../core/registry/types.ts';
import { normalizeImage, parseTarget, type Target } from '../targets/target.ts';

/** What a link to the extension wants. */
export type Link =
  | { readonly kind: 'sign-in'; readonly address: RegistryAddress }
  | { readonly kind: 'push'; readonly image: string; readonly target: Target | undefined };

/** Names by which a secret might be given. */
const secretName = /secret|token|passw|pwd|passphrase|credential|auth|api[-_]?key|otp/i;

const longestValue = 1_000;
const value = v.pipe(v.string(), v.nonEmpty(), v.maxLength(longestValue));
const parameters = {
  'sign-in': v.strictObject({ url: value }),
  push: v.strictObject({ image: value, target: v.optional(value) }),
} as const;

/**
 * Reads `vscode://tea-chest.tea-chest/<path>?<query>`. A refusal quotes nothing of a link that may have a secret.
 * @throws TeaChestError `argumentInvalid`, and what the address, the image or the target is refused for
 */
export function readLink(path: string, query: string): Link {
  const given = new URLSearchParams(query);
  const names = [...given.keys()];
  // An address may have parameters of its own.
  const nested = [...given.values()].flatMap((text) =>
    [...text.matchAll(/[?&#;]([^=&#;]+)=/g)].map(([, name = '']) => name),
  );
  if ([...names, ...nested].some((name) => secretName.test(name))) {
    throw refused(
      l10n.t(
        'The link has a secret in it, so it was not followed. A secret in a link is known to whoever has seen the link: if it is yours, replace it.',
      ),
    );
  }
  const repeated = names.find((name, at) => names.indexOf(name) !== at);
  if (repeated !== undefined) throw refused(l10n.t('The link has one of its parameters twice.'));
  const action = path.replace(/^\/+|\/+$/g, '');
  if (action === 'sign-in') {
    const refusal = l10n.t('The link is not complete, or has more than it should: a sign-in takes “url” alone.');
    const { url } = read(parameters['sign-in'], given, refusal);
    return { kind: action, address: parseRegistryAddress(url) };
  }
  if (action === 'push') {
    const refusal = l10n.t(
      'The link is not complete, or has more than it should: a push takes “image”, and “target” if wanted.',
    );
    const { image, target } = read(parameters.push, given, refusal);
    return {
      kind: action,
      image: normalizeImage(image),
      target: target === undefined ? undefined : parseTarget(target),
    };
  }
  throw refused(
    l10n.t('The link asks for something that Tea Chest does not offer to links: it opens “sign-in” or “push”.'),
  );
}

function read<S extends v.StrictObjectSchema<v.ObjectEntries, undefined>>(
  schema: S,
  given: URLSearchParams,
  refusal: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, Object.fromEntries(given));
  if (result.success) return result.output;
  throw refused(refusal);
}

function refused(message: string): TeaChestError {
  return new TeaChestError('argumentInvalid', message, { stage: 'resolve' });
}
