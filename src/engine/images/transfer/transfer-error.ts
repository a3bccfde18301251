import { NotFoundError, PermissionDeniedError, UnauthorizedError, UnavailableError } from '../../../api/errors.ts';
import { RegistryReplyError, RegistryUnreachableError } from '../../registry/registry-error.ts';
import { familiarName, familiarRepository, type Reference, repositoryOf } from '../reference.ts';

/**
 * What a registry's refusal means to the one who wanted an image, in docker's words: clients look for them.
 * @param known whether credentials were shown
 */
export function pullError(error: unknown, reference: Reference, known: boolean): unknown {
  if (error instanceof RegistryUnreachableError) return new UnavailableError(error.message, { cause: error });
  if (!(error instanceof RegistryReplyError)) return error;
  const repository = familiarRepository(repositoryOf(reference));
  if (error.code === 'MANIFEST_UNKNOWN') return new NotFoundError(`manifest for ${familiarName(reference)} not found: ${error.message}`, { cause: error });
  if (error.code === 'NAME_UNKNOWN') return new NotFoundError(`repository ${repository} not found: ${error.message}`, { cause: error });
  if (error.code === 'DENIED' || (isRefusal(error) && !known)) {
    return new NotFoundError(`pull access denied for ${repository}, repository does not exist or may require 'docker login': ${error.message}`, { cause: error });
  }
  if (isRefusal(error)) return new PermissionDeniedError(error.message, { cause: error });
  return error.httpStatus === 404 ? new NotFoundError(error.message, { cause: error }) : error;
}

export function pushError(error: unknown): unknown {
  if (error instanceof RegistryUnreachableError) return new UnavailableError(error.message, { cause: error });
  return error instanceof RegistryReplyError && isRefusal(error) ? new PermissionDeniedError(error.message, { cause: error }) : error;
}

/** For questions about a registry's content, where docker hands its words on as they are. */
export function distributionError(error: unknown): unknown {
  if (error instanceof RegistryUnreachableError) return new UnavailableError(error.message, { cause: error });
  if (!(error instanceof RegistryReplyError)) return error;
  if (error.code === 'MANIFEST_UNKNOWN' || error.code === 'NAME_UNKNOWN' || error.httpStatus === 404) return new NotFoundError(error.message, { cause: error });
  if (error.code === 'DENIED' || error.httpStatus === 403) return new PermissionDeniedError(error.message, { cause: error });
  return isRefusal(error) ? new UnauthorizedError(error.message, { cause: error }) : error;
}

function isRefusal(error: RegistryReplyError): boolean {
  return error.code === 'DENIED' || error.code === 'UNAUTHORIZED' || error.httpStatus === 401 || error.httpStatus === 403;
}
