import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { toExtension, toPage } from '../../../../src/webview/pushPage/protocol.ts';

describe('the messages between the extension and its page', () => {
  it('from the page are one of two, with an action that there is', () => {
    const accepted = [
      { type: 'ready' },
      { type: 'action', id: 'push' },
      { type: 'action', id: 'cancel' },
      { type: 'action', id: 'showError', image: '1' },
    ];
    for (const message of accepted) assert.deepEqual(v.parse(toExtension, message), message);
    const refused = [
      ...[undefined, null, 'ready', {}, { type: 'other' }, { type: 'action' }, { type: 'action', id: 'delete' }],
      ...[
        { type: 'action', id: ['push'] },
        { type: 'ready', more: 1 },
        { type: 'action', id: 'push', image: 1 },
        { type: 'action', id: 'push', target: 'app:1' },
      ],
    ];
    for (const message of refused)
      assert.equal(v.safeParse(toExtension, message).success, false, JSON.stringify(message));
  });

  it('to the page are refused if a part is missing or out of range', () => {
    const labels = { columns: { number: '#', name: 'Layer', size: 'Size' }, legend: '', looks: {}, leastHeight: '' };
    const page = {
      ...{ mode: 'plan', kicker: '', title: '', status: { tone: 'good', text: '' }, facts: [], actions: [] },
      ...{ notices: [], images: [], announcement: '', labels },
    };
    const bar = {
      key: '1',
      number: '1',
      name: 'a',
      isInstruction: false,
      look: 'done',
      sizeText: '',
      weight: 1,
      filled: 1,
    };
    const image = { key: '1', caption: '', bars: [bar], notices: [], facts: [], actions: [] };
    const message = (more: object): unknown => ({
      type: 'page',
      source: {},
      page: { ...page, images: [image], ...more },
    });
    assert.ok(v.safeParse(toPage, message({})).success);
    for (const wrong of [
      { status: { tone: 'loud', text: '' } },
      { images: [{ ...image, bars: [{ ...bar, filled: 1.1 }] }] },
      { images: [{ ...image, bars: [{ ...bar, weight: Number.NaN }] }] },
      { images: [{ ...image, bars: [{ ...bar, look: 'none' }] }] },
      { actions: [{ id: 'delete', label: '', isPrimary: true }] },
      { labels: undefined },
    ])
      assert.equal(v.safeParse(toPage, message(wrong)).success, false, JSON.stringify(wrong));
  });
});
