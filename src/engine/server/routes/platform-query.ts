import { InvalidArgumentError } from '../../../api/errors.ts';
import type { Platform } from '../../images/manifest.ts';
import { FieldReader, parseJsonObject } from '../../images/untrusted-json.ts';
import { normalize } from '../../registry/platform.ts';

/**
 * A `platform` parameter in the JSON form of the OCI specification, `{"os":"linux","architecture":"arm64","variant":"v8"}`; undefined where it is absent.
 * @throws InvalidArgumentError
 */
export function queryPlatform(query: URLSearchParams): Platform | undefined {
  const text = query.get('platform');
  if (text === null || text === '') return undefined;
  const fields = new FieldReader(parseJsonObject(Buffer.from(text), 'platform'), 'platform');
  const [os, architecture, variant] = [fields.string('os'), fields.string('architecture'), fields.string('variant')];
  if (os === undefined || os === '' || architecture === undefined || architecture === '') throw new InvalidArgumentError('invalid platform: both os and architecture must be provided');
  return normalize({ os, architecture, ...(variant === undefined || variant === '' ? {} : { variant }) });
}
