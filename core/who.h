/* Who may: each may do what those before it may. Said by the sheets and the commands, checked by the engine when
 * something is done, not when it is offered. */
#ifndef CORE_WHO_H
#define CORE_WHO_H

enum who { WHO_USER, WHO_OWNER, WHO_COUNT };

#endif
