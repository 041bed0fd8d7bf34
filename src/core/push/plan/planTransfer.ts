import * as l10n from '@vscode/l10n';
import type { Digest } from '../../oci/digest.ts';
import { chooseTransfer, findRelay } from '../chooseTransfer.ts';
import { asksByDigest } from '../planLayers.ts';
import type { DescribedLayer } from './describeLayers.ts';
import type { PlanContext } from './planContext.ts';
import type { PlannedState, PlannedTransfer } from './pushPlan.ts';

const present: ReadonlySet<PlannedState> = new Set(['exists', 'probable', 'mountable']);

/**
 * How the bytes would leave the engine, as the push decides it once it has asked the registry. Rejects as the push would if
 * the relay is required and not possible.
 */
export async function planTransfer(context: PlanContext, layers: readonly DescribedLayer[]): Promise<PlannedTransfer> {
  const stored = new Map<Digest, DescribedLayer>();
  for (const layer of layers)
    if (layer.diffId !== undefined && present.has(layer.state)) stored.set(layer.diffId, layer);
  const diffIds = new Set(context.image.diffIds);
  if (!asksByDigest(context) && layers.every(({ state }) => present.has(state))) {
    return { by: 'none', reason: l10n.t('The registry has every layer.') };
  }
  const chosen = await chooseTransfer(context, { diffIds, stored: (diffId) => stored.get(diffId) }, findRelay(context));
  return { by: chosen.by, reason: chosen.reason };
}
