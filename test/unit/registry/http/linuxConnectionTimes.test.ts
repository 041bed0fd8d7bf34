import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { linuxConnectionTimes, parseConnectionTimes } from '../../../../src/core/registry/http/linuxConnectionTimes.ts';
import { makeScratch } from '../../../tools/scratch.ts';

// As iproute2 6.1 prints them.
const output = `0      804443 127.0.0.1:59074 127.0.0.1:37591
\t bbr wscale:10,10 rto:208 rtt:5.488/10.87 bytes_acked:195558 lastsnd:304 busy:312ms rwnd_limited:41ms(13.1%) retrans:0/1 notsent:804443 minrtt:0.027
0      0      [::ffff:127.0.0.1]:40404 [::ffff:127.0.0.1]:37591
\t cubic rto:200 rtt:0.018/0.009 minrtt:0.018 snd_wnd:65536
0      9      127.0.0.1:22 127.0.0.1:50000
\t cubic busy:999ms
`;

suite('the counts of connections by ss', () => {
  test('are those of the wanted ports; a count of zero is not printed', () => {
    assert.deepEqual(parseConnectionTimes(output, new Set([59074, 40404, 12])), [
      { localPort: 59074, busy: 312, receiver: 41 },
      { localPort: 40404, busy: 0, receiver: 0 },
    ]);
  });

  test('are unknown if none is printed: the kernel may not have them', () => {
    assert.equal(parseConnectionTimes(output.replaceAll(/ busy:\S+/g, ''), new Set([59074])), undefined);
    assert.equal(parseConnectionTimes('', new Set([59074])), undefined);
  });

  test('are unknown without the program, or if it fails', async () => {
    const { signal } = new AbortController();
    const read = linuxConnectionTimes(['/nonexistent/ss', '/bin/false']);
    assert.equal(await read([59074], { signal }), undefined);
    assert.equal(await read([59074], { signal }), undefined);
    assert.deepEqual(await read([], { signal }), [], 'nothing is asked for no connection');
  });

  test('come from the first program that is there, also for two calls at the same time', async (t) => {
    const scratch = await makeScratch('ss');
    t.after(() => scratch.remove());
    const program = join(scratch.path, 'ss');
    await writeFile(program, `#!/bin/sh\nprintf '0 0 127.0.0.1:59074 127.0.0.1:1\\n\\t busy:7ms\\n'\n`, {
      mode: 0o755,
    });
    const { signal } = new AbortController();
    const read = linuxConnectionTimes(['/nonexistent/ss', scratch.path, program]);
    const expected = [{ localPort: 59074, busy: 7, receiver: 0 }];
    const both = [read([59074], { signal }), read([59074], { signal })];
    assert.deepEqual(await Promise.all(both), [expected, expected]);
    assert.deepEqual(await read([59074], { signal }), expected);
  });

  test('are read again by a program that failed once', async (t) => {
    const scratch = await makeScratch('ss');
    t.after(() => scratch.remove());
    const program = join(scratch.path, 'ss');
    const script = `if mkdir ${scratch.path}/failed 2>/dev/null; then exit 1; fi`;
    await writeFile(program, `#!/bin/sh\n${script}\nprintf '0 0 127.0.0.1:59074 127.0.0.1:1\\n\\t busy:7ms\\n'\n`, {
      mode: 0o755,
    });
    const { signal } = new AbortController();
    const read = linuxConnectionTimes([program]);
    assert.equal(await read([59074], { signal }), undefined);
    assert.deepEqual(await read([59074], { signal }), [{ localPort: 59074, busy: 7, receiver: 0 }]);
  });
});
