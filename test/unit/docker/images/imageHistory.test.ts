import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readHistory } from '../../../../src/core/docker/images/imageHistory.ts';

suite('the history of an image', () => {
  test('has the oldest step first, and nothing odd', () => {
    const answer = [
      { Id: '<missing>', Created: 2, CreatedBy: 'CMD ["/a"]', Size: 0 },
      { CreatedBy: 'COPY a / # buildkit', Size: 7 },
      { CreatedBy: 5, Size: -1 },
    ];
    assert.deepEqual(readHistory(answer), [
      { createdBy: '', size: 0 },
      { createdBy: 'COPY a / # buildkit', size: 7 },
      { createdBy: 'CMD ["/a"]', size: 0 },
    ]);
    assert.deepEqual(readHistory({ message: 'no such image' }), []);
  });
});
