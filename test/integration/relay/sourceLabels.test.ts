import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';

import { startNewEngine, type NewEngine } from '../../tools/newEngine.ts';
import { loadImages } from '../../tools/images.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { plainGzip } from '../../unit/push/fakes.ts';
import { makeRig, type PushRig } from '../push/rig.ts';

const imageCount = 12;

/** containerd labels a blob with each repository that it was pushed to, and refuses labels above 4096 bytes (containerd#12107). */
describe('relays of many images on one base, from containerd’s store', { timeout: 300_000 }, () => {
  let engine: NewEngine;
  let registry: Registry;
  let rig: PushRig;
  before(async () => {
    await provision(['engine', 'registry', 'skopeo']);
    [engine, registry] = await Promise.all([startNewEngine({ containerdStore: true }), startRegistry()]);
    rig = await makeRig({ engine, url: registry.origin, codec: plainGzip });
  });
  after(async () => {
    await rig.close();
    await Promise.all([engine.stop(), registry.stop()]);
  });

  it('do not lengthen the label of the base', async () => {
    const base = { 'app/base': randomBytes(1000) };
    const numbers = Array.from({ length: imageCount }, (_, at) => String(at));
    await loadImages(
      engine,
      numbers.map((number) => ({ tags: [`based:${number}`], layers: [base, { 'app/own': number }] })),
    );
    const push = async (number: string): Promise<void> => {
      const { strategy } = await rig.push(`based:${number}`, `team/based-${number}:1`, { strategy: 'relay' });
      assert.equal(strategy, 'relay');
    };
    await push('0');
    const first = await longestLabel();
    for (const number of numbers.slice(1)) await push(number);
    assert.ok(first > 0, 'the pushes leave a label');
    assert.equal(await longestLabel(), first);
  });

  async function longestLabel(): Promise<number> {
    const list = await engine.containerd(['content', 'ls']);
    // The value is a list with commas, and so is the list of labels.
    const labels = [
      ...list.matchAll(/containerd\.io\/distribution\.source\.127\.0\.0\.1\S*?(?=,containerd\.io|\s|$)/g),
    ];
    return Math.max(0, ...labels.map(([label]) => label.length));
  }
});
