/* The update from 0.1.0 to 0.2.0: ALTER EXTENSION analytics_events UPDATE runs it.
 *
 * The build puts every function of the install script at the line "@functions@", as CREATE OR REPLACE, with its
 * comment. So a new function, or another body, default, attribute or comment needs no line here. Write by hand what
 * replacing can't do. Above the line: DROP FUNCTION where a function goes, or changes its arguments' names or its
 * result, CREATE TYPE, ALTER TYPE. Below it: REVOKE for a new function that not everybody may call.
 * test/update compares the result with a fresh installation, and names what is missing.
 *
 * Nothing here may touch what operators hang on: no CASCADE, and no GRANT or REVOKE on a function that 0.1.0 has. */

-- @functions@
