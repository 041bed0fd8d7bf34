import * as v from 'valibot';
import { listOf, parseJson } from '../../base/json.ts';
import { parseChallenges, type Challenge } from '../auth/challenge.ts';
import { header, type RegistryRequest, type RegistryResponse } from '../http/httpTypes.ts';
import { retryAfter } from '../http/retryAfter.ts';

/** Bytes of an error's body that are looked at. */
const mostBodyBytes = 64 * 1024;
/** Errors of one answer that are looked at, and characters of each of their codes. */
const mostErrors = 20;
const longestCode = 100;

/** Distribution spec, §Error Codes. */
const errorBody = v.object({
  errors: listOf(v.object({ code: v.fallback(v.string(), ''), message: v.fallback(v.string(), '') })),
});
/** Gitea's REST API says `{"message": …, "url": …}`. */
const restError = v.object({ message: v.string() });

/** An answer that was not the one hoped for, as data: the wire's side of an error. */
export interface ErrorResponse {
  readonly status: number;
  readonly method: RegistryRequest['method'];
  /** Without the query. */
  readonly path: string;
  readonly host: string;
  /** Codes and messages of `{"errors":[{code,message,detail}]}` (distribution spec); empty for every other body. */
  readonly codes: readonly string[];
  readonly messages: readonly string[];
  /** `text/plain`, lower case, without parameters; empty if the server does not tell. */
  readonly contentType: string;
  readonly bodyText: string;
  /** The Server header: names the proxy that answers in the registry's place. */
  readonly server: string | undefined;
  readonly challenges: readonly Challenge[];
  /** Milliseconds that the answer asks to wait; undefined if it does not. */
  readonly retryAfter: number | undefined;
}

/** Gitea's bodies are JSON (protocol), text (permission), HTML (a proxy) or empty (500, quota): none is assumed. */
export function readErrorResponse(response: RegistryResponse, method: RegistryRequest['method']): ErrorResponse {
  const bodyText = response.body.subarray(0, mostBodyBytes).toString('utf8');
  const errors = (parseJson(errorBody, bodyText)?.errors ?? []).slice(0, mostErrors);
  return {
    status: response.status,
    method,
    path: response.url.pathname,
    host: response.url.host,
    codes: errors.map(({ code }) => code.slice(0, longestCode)).filter((code) => code !== ''),
    messages: errors.map(({ message }) => message).filter((message) => message !== ''),
    contentType: contentTypeOf(response),
    bodyText,
    server: header(response, 'server'),
    challenges: parseChallenges(response.headers),
    retryAfter: retryAfter(response, Date.now()),
  };
}

/** The server's own words as the end of a sentence: `: “quota exceeded”`, or nothing. */
export function serverMessage(refusal: ErrorResponse): string {
  const words = wordsOf(refusal);
  return words === '' ? '' : `: “${words}”`;
}

/** A web page where a registry's answer was due: a sign-in page or a proxy answers in its place. */
export function isWebPage(response: Pick<RegistryResponse, 'headers' | 'body'>): boolean {
  return isHtml({ contentType: contentTypeOf(response), bodyText: response.body.subarray(0, 1024).toString('utf8') });
}

export function isHtml({ contentType, bodyText }: Pick<ErrorResponse, 'contentType' | 'bodyText'>): boolean {
  return contentType === 'text/html' || /^\s*<(?:!doctype|html)/i.test(bodyText);
}

function contentTypeOf(response: Pick<RegistryResponse, 'headers'>): string {
  return (header(response, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function wordsOf(refusal: ErrorResponse): string {
  if (refusal.messages.length > 0) return shorten(refusal.messages.join('; '));
  if (refusal.codes.length > 0) return shorten(refusal.codes.join(', '));
  if (isHtml(refusal)) return shorten(/<title>([^<]*)<\/title>/i.exec(refusal.bodyText)?.[1] ?? '');
  return shorten(parseJson(restError, refusal.bodyText)?.message ?? refusal.bodyText);
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= 300 ? line : `${line.slice(0, 299)}…`;
}
