/** Bytes that may not be seen on a wire. */
export interface Marks {
  readonly count: number;
  /** A credential: as it is, percent-encoded, and as HTTP Basic has it. */
  markSecret(secret: string, username: string): void;
  /** The content of a layer that a codec cannot make smaller, as `randomBytes` gives it; it is stored as it is then. */
  markContent(name: string, content: Buffer): void;
  /** Looks through a stream chunk by chunk; gives the name of the first mark found in it. */
  scanner(): (chunk: Buffer) => string | undefined;
  /** Bytes as readable text, without secrets. */
  mask(bytes: Buffer): string;
}

interface Mark {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Codecs store random bytes as they are, but cut them into blocks: one window of many is whole. */
const windowBytes = 32;
const windows = 16;

export function createMarks(): Marks {
  const marks: Mark[] = [];
  const longest = (): number => marks.reduce((most, { bytes }) => Math.max(most, bytes.length), 0);
  const secrets = (): Mark[] => marks.filter(({ name }) => name === secretName);
  return {
    get count() {
      return marks.length;
    },
    markSecret(secret, username) {
      const basic = Buffer.from(`${username}:${secret}`).toString('base64');
      for (const form of new Set([secret, encodeURIComponent(secret), basic])) {
        marks.push({ name: secretName, bytes: Buffer.from(form) });
      }
    },
    markContent(name, content) {
      if (content.length < windowBytes * windows * 2) throw new Error('Too little content to find it again.');
      const step = Math.floor((content.length - windowBytes) / windows);
      for (let index = 0; index < windows; index++) {
        marks.push({ name, bytes: content.subarray(index * step, index * step + windowBytes) });
      }
    },
    scanner() {
      let tail = Buffer.alloc(0);
      return (chunk) => {
        const seen = Buffer.concat([tail, chunk]);
        tail = Buffer.from(seen.subarray(Math.max(0, seen.length - longest() + 1)));
        return marks.find(({ bytes }) => seen.includes(bytes))?.name;
      };
    },
    mask(bytes) {
      let text = bytes.toString('latin1');
      for (const { bytes: secret } of secrets()) text = text.replaceAll(secret.toString('latin1'), '***');
      return JSON.stringify(text.replaceAll(/(authorization: *\S+) +[^\r\n]*/gi, '$1 ***'));
    },
  };
}

const secretName = 'A secret';
