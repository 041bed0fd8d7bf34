import * as l10n from '@vscode/l10n';
import type { ErrorCode, TeaChestError } from '../../../core/base/errors.ts';
import type { EngineLink } from '../../engine/engine.ts';
import type { ImageListState } from '../../engine/imageList.ts';

/** The text beside the view's title: `Docker 28.5.2 · context colima`, or `context colima · not running`. */
export async function describeEngine(state: ImageListState, link: Pick<EngineLink, 'get'>): Promise<string> {
  if (state.kind === 'problem') return describeProblem(state.error);
  if (state.kind === 'unknown') return '';
  // Between the list and this call the engine may have gone; the list will say so.
  return await link.get().then(
    ({ description }) => description,
    () => '',
  );
}

const problems: Partial<Record<ErrorCode, string>> = {
  engineStopped: l10n.t('not running'),
  engineLost: l10n.t('does not answer'),
  enginePermission: l10n.t('no permission'),
  engineEndpointInvalid: l10n.t('cannot be used'),
};

function describeProblem({ code, facts }: TeaChestError): string {
  const state = facts['isMissing'] === true ? l10n.t('does not exist') : problems[code];
  const { engine, context, endpoint } = facts;
  const named = typeof engine === 'string' && engine !== '' ? engine : endpoint;
  const name = typeof context === 'string' ? l10n.t`context ${context}` : named;
  return [name, state].filter((part) => typeof part === 'string').join(' · ');
}
