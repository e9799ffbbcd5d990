import fc from "fast-check";

// By itself it draws lists of five on average, whatever `maxLength` says: a state machine would never get far.
fc.configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });
