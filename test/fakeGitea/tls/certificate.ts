import { generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** `valid` now and for our host · `expired` yesterday · `wrongHost` for another host. All are self-signed. */
export type CertificateKind = 'valid' | 'expired' | 'wrongHost';

export interface ServerCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** SHA-256 of the DER form, 64 lower-case hex digits. */
  readonly fingerprint256: string;
}

/** Names for tests: this machine's, and an address and names that VS Code does not treat as local. */
const ownNames = ['localhost', '127.0.0.1', '::1', '127.0.0.2', 'gitea.test', 'gitea.example.com'];

const day = 24 * 60 * 60 * 1000;
const oid = {
  commonName: [0x55, 0x04, 0x03],
  organization: [0x55, 0x04, 0x0a],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  basicConstraints: [0x55, 0x1d, 0x13],
  keyUsage: [0x55, 0x1d, 0x0f],
  extendedKeyUsage: [0x55, 0x1d, 0x25],
  subjectAltName: [0x55, 0x1d, 0x11],
  serverAuth: [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
};

/** Makes a fresh P-256 key and a certificate signed with it (RFC 5280), as `gitea cert --ca` would. */
export function makeCertificate(
  kind: CertificateKind,
  now: number = Date.now(),
  validNames: readonly string[] = ownNames,
): ServerCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = kind === 'wrongHost' ? ['gitea.example.org'] : validNames;
  const validTo = kind === 'expired' ? now - day : now + 365 * day;
  const body = toBeSigned(publicKey, names, now - 30 * day, validTo);
  const certificate = sequence(body, signatureAlgorithm(), bitString(sign('sha256', body, privateKey)));
  const parsed = new X509Certificate(certificate);
  return {
    certificatePem: parsed.toString(),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    fingerprint256: parsed.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function toBeSigned(publicKey: KeyObject, names: readonly string[], validFrom: number, validTo: number): Buffer {
  const serial = randomBytes(16);
  serial[0] = (serial.readUInt8(0) & 0x7f) | 0x40; // positive, and no leading zero byte
  const subject = sequence(
    attribute(oid.organization, 'Tea Chest fake Gitea'),
    attribute(oid.commonName, names[0] ?? ''),
  );
  return sequence(
    der(0xa0, integer(Buffer.from([2]))), // X.509 version 3
    integer(serial),
    signatureAlgorithm(),
    subject, // the issuer: it signs itself
    sequence(time(validFrom), time(validTo)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions(names)),
  );
}

function extensions(names: readonly string[]): Buffer {
  const alternatives = names.map((name) =>
    isIP(name) === 0 ? der(0x82, Buffer.from(name)) : der(0x87, address(name)),
  );
  return sequence(
    extension(oid.basicConstraints, sequence(boolean(true)), true),
    extension(oid.keyUsage, der(0x03, Buffer.from([2, 0b1000_0100])), true), // digitalSignature, keyCertSign
    extension(oid.extendedKeyUsage, sequence(objectId(oid.serverAuth))),
    extension(oid.subjectAltName, sequence(...alternatives)),
  );
}

function extension(id: readonly number[], value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), der(0x04, value));
}

function attribute(id: readonly number[], text: string): Buffer {
  return der(0x31, sequence(objectId(id), der(0x0c, Buffer.from(text))));
}

function address(ip: string): Buffer {
  if (isIP(ip) === 4) return Buffer.from(ip.split('.').map(Number));
  return Buffer.from([...Array<number>(15).fill(0), 1]); // ::1, the only IPv6 name we use
}

function signatureAlgorithm(): Buffer {
  return sequence(objectId(oid.ecdsaWithSha256));
}

/** UTCTime, as RFC 5280 §4.1.2.5 wants it for every year before 2050. */
function time(ms: number): Buffer {
  const digits = new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '');
  return der(0x17, Buffer.from(digits.slice(2)));
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts);
const integer = (bytes: Buffer): Buffer => der(0x02, bytes);
const boolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]));
const objectId = (bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes));
const bitString = (bytes: Buffer): Buffer => der(0x03, Buffer.from([0]), bytes);

/** One DER element: tag, length, content (X.690 §8.1). */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  if (size < 0x80) return Buffer.concat([Buffer.from([tag, size]), content]);
  if (size < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, size]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, size >> 8, size & 0xff]), content]);
}
