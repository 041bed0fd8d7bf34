import * as l10n from '@vscode/l10n';
import type { ErrorCode } from '../../core/base/errors.ts';
import type { MessageLink } from '../display/messages.ts';

/**
 * The link at the end of a message about failures with these codes: to their entry in docs/troubleshooting.md, or to the
 * beginning of the page if they differ. Undefined if nothing failed.
 */
export function moreAbout(codes: readonly ErrorCode[]): MessageLink | undefined {
  const [code, ...others] = new Set(codes.filter((one) => one !== 'cancelled'));
  if (code === undefined) return undefined;
  const argument = others.length === 0 ? code : '';
  return { title: l10n.t('More About This'), command: 'teaChest.showTroubleshooting', argument };
}
