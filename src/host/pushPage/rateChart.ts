import * as l10n from '@vscode/l10n';
import type { RateSamples } from '../../core/push/record/rateSamples.ts';
import type { PageChart } from '../../webview/pushPage/protocol.ts';
import { formatBytes, formatDuration } from '../progress/format.ts';

/** Fewer points are no line. */
const leastPoints = 3;

/** Bytes that the registry was sent per second over the time of a push. Undefined for a push that was too short. */
export function rateChart({ list }: RateSamples): PageChart | undefined {
  const rates = list.slice(1).flatMap((sample, at) => {
    const before = list[at];
    const ms = sample.at - (before?.at ?? sample.at);
    // An upload that was restarted counts from the beginning again.
    return before === undefined || ms <= 0
      ? []
      : [{ at: sample.at, rate: (Math.max(0, sample.sent - before.sent) * 1000) / ms }];
  });
  const end = rates.at(-1)?.at ?? 0;
  const most = Math.max(0, ...rates.map(({ rate }) => rate));
  if (rates.length < leastPoints || end <= 0 || most <= 0) return undefined;
  const sent = list.at(-1)?.sent ?? 0;
  const [top, mean, time] = [formatBytes(most), formatBytes((sent * 1000) / end), formatDuration(end / 1000)];
  return {
    heading: l10n.t('Rate to the registry'),
    points: rates.map(({ at, rate }) => ({ x: Math.min(1, at / end), y: Math.min(1, rate / most) })),
    topText: l10n.t`At most ${top}/s, ${mean}/s in the mean`,
    endText: time,
    alternative: l10n.t`The rate to the registry over ${time}: at most ${top} per second, ${mean} per second in the mean.`,
  };
}
