/* ca_verbs.h - `roadchief ca init|issue` and `roadchief enroll`. */
#ifndef SERVER_CA_VERBS_H
#define SERVER_CA_VERBS_H

int ca_verb(int argc, char **argv);
int enroll_verb(int argc, char **argv);

#endif
