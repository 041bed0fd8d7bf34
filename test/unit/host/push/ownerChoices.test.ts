import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ownerChoices, type OwnerFacts } from '../../../../src/host/push/ownerChoices.ts';
import { ownersNamed } from '../support/hostFakes.ts';

function rows(more: Partial<OwnerFacts>): readonly string[] {
  const facts: OwnerFacts = {
    ...{ connection: { username: 'Dev' }, owners: ownersNamed(['dev', 'crew', 'team'], { complete: true }) },
    ...{ former: undefined, pushedTo: [], ofFolders: [], ...more },
  };
  return ownerChoices(facts).map(({ label, description = '', icon = '' }) => [icon, label, description].join('|'));
}

suite('the owners of the push dialog', () => {
  test('are shown with their visibility, those of the last pushes first, the one that is changed before all', () => {
    const audiences = new Map([
      ['dev', 'members'],
      ['crew', 'signedIn'],
      ['team', 'everybody'],
    ] as const);
    const owners = ownersNamed(['dev', 'crew', 'team'], { complete: true, audiences });
    assert.deepEqual(rows({ owners }), ['|dev|you · private', '|crew|limited to signed-in users', '|team|public']);
    assert.deepEqual(rows({ owners, pushedTo: ['team', 'crew'] }), [
      '|team|public · pushed to before',
      '|crew|limited to signed-in users · pushed to before',
      '|dev|you · private',
    ]);
    assert.match(rows({ owners, pushedTo: ['team', 'crew'], former: 'Dev' })[0] ?? '', /^\|dev/);
  });

  test('that may not be pushed to are below the others, whatever was pushed there before', () => {
    const owners = ownersNamed(['dev', 'team'], { complete: true, readOnly: ['readers'] });
    assert.deepEqual(rows({ owners, pushedTo: ['readers', 'former'] }), [
      '|dev|you',
      '|team|',
      'question|former|you may not be allowed to push here · pushed to before',
      'lock|readers|you may only pull here · pushed to before',
    ]);
  });

  test('of the open folder are named; where the teams are unknown it may be that one may not push there', () => {
    const known = ownersNamed(['dev', 'team'], { complete: true });
    assert.deepEqual(rows({ owners: known, ofFolders: ['team', 'guild'] }), [
      '|dev|you',
      '|team|owner of the open folder’s repository',
    ]);
    assert.deepEqual(rows({ owners: ownersNamed(['dev']), ofFolders: ['guild'] }), [
      '|dev|you',
      'question|guild|you may not be allowed to push here · owner of the open folder’s repository',
    ]);
  });

  test('of a site administrator may all be pushed to', () => {
    const owners = ownersNamed(['dev'], { complete: true, isAdmin: true, readOnly: ['readers'] });
    assert.deepEqual(rows({ owners, pushedTo: ['dev'], ofFolders: ['guild'] }), [
      '|dev|you · pushed to before',
      '|readers|',
      '|guild|owner of the open folder’s repository',
    ]);
  });
});
