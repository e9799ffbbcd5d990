import { checkFunction, describeLayer, noCall, RejectedError, widen, isThenable, type Call, type Provider } from "@breakwater/core";

/** What a verifier answers to credentials that are not good. */
export type NotVerified = undefined | null | false;

/** Says whose credentials these are. Its own errors, e.g. of an identity provider that is down, pass through. */
export type Verify<User> = (credentials: string, call: Call) => User | NotVerified | PromiseLike<User | NotVerified>;

export interface AuthenticationOptions<In, User> {
  /** Takes the credentials out of the request. Undefined or empty when there are none. */
  readonly credentials: (input: In, call: Call) => string | undefined;
  readonly verify: Verify<User>;
}

export type AuthenticationFailure = "missing" | "invalid";

/** The request brought no credentials, or wrong ones. It never holds the credentials themselves. */
export class AuthenticationError extends RejectedError {
  declare readonly code: "ERR_AUTHENTICATION";
  declare readonly reason: AuthenticationFailure;

  static {
    this.prototype.name = "AuthenticationError";
  }

  /** @internal */
  constructor(reason: AuthenticationFailure) {
    super("ERR_AUTHENTICATION", reason === "missing" ? "credentials are missing" : "credentials are not valid", { reason });
  }
}

/**
 * Provides `call.user`, or refuses with {@link AuthenticationError} (`ERR_AUTHENTICATION`) before anything further in is
 * asked. A verifier that answers at once costs no promise.
 *
 * @throws TypeError naming the option and the value.
 */
export function authentication<In, User>(
  options: AuthenticationOptions<In, User>,
): Provider<{ readonly user: User }, Call, In> {
  const { credentials, verify } = options;
  checkFunction("credentials", credentials);
  checkFunction("verify", verify);
  const layer: Provider<{ readonly user: User }, Call, In> = (next) => (input, call = noCall as typeof call) => {
    // JavaScript may leave the call out.
    try {
      const given = credentials(input, call);
      // A header can come as a list, whatever the types say: no verifier should meet what is no text.
      if (typeof given !== "string" || given === "") return Promise.reject(new AuthenticationError("missing"));
      const verdict = verify(given, call);
      if (!isThenable(verdict)) return next(input, widen(call, { user: verified(verdict) }));
      return Promise.resolve(verdict).then((user) => next(input, widen(call, { user: verified(user) })));
    } catch (error) {
      return Promise.reject(error);
    }
  };
  return describeLayer(layer, { kind: "authentication" });
}

function verified<User>(verdict: User | NotVerified): User {
  if (verdict === undefined || verdict === null || verdict === false) throw new AuthenticationError("invalid");
  return verdict;
}
