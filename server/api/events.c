#include "server/api/events.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event {
    int64_t id;
    int references; /* the ring's and those of who is sending it; under the hub's lock */
    size_t length;
    char frame[];
};

struct subscriber {
    struct event_hub *hub;
    void *connection;
    struct subscriber *previous, *next;
    int64_t known; /* everything up to this change is sent */
    bool is_asleep, wants_comment;
    struct event *event; /* holds `data`, if that is not `note` */
    const char *data;    /* what is being sent */
    size_t left;
    char note[160];
};

struct event_hub {
    pthread_mutex_t lock;
    struct event_rim rim;
    struct subscriber *subscribers;
    int n_subscribers, subscribers_max;
    bool is_stopping;
    int64_t forgotten; /* the newest change that is no longer, or was never, kept */
    int64_t newest;
    struct event *ring[EVENTS_KEPT];
    size_t first, n, bytes;
};

enum road_status event_hub_new(const struct event_rim *rim, int subscribers_max, struct event_hub **ret_hub)
{
    struct event_hub *hub = calloc(1, sizeof *hub);

    if (!hub)
        return ROAD_NO_MEMORY;
    pthread_mutex_init(&hub->lock, NULL);
    hub->rim = *rim;
    hub->subscribers_max = subscribers_max;
    *ret_hub = hub;
    return ROAD_OK;
}

static void event_release(struct event *event)
{
    if (event && --event->references == 0)
        free(event);
}

static void forget_oldest(struct event_hub *hub)
{
    struct event *oldest = hub->ring[hub->first];

    hub->forgotten = oldest->id;
    hub->bytes -= oldest->length;
    hub->first = (hub->first + 1) % EVENTS_KEPT;
    hub->n--;
    event_release(oldest);
}

void event_hub_free(struct event_hub *hub)
{
    if (!hub)
        return;
    while (hub->n > 0)
        forget_oldest(hub);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

void event_hub_start_after(struct event_hub *hub, int64_t change_id)
{
    pthread_mutex_lock(&hub->lock);
    hub->forgotten = hub->newest = change_id;
    pthread_mutex_unlock(&hub->lock);
}

/* One frame; a line break in JSON text can only be a blank between tokens, and would end the data line. */
static struct event *frame_new(int64_t change_id, const char *json)
{
    const size_t room = strlen(json) + 64;
    struct event *event = malloc(sizeof *event + room);

    if (!event)
        return NULL;
    event->id = change_id;
    event->references = 1;
    event->length = (size_t)snprintf(event->frame, room, "event: change\nid: %" PRId64 "\ndata: ", change_id);
    for (; *json; json++)
        event->frame[event->length++] = *json == '\n' || *json == '\r' ? ' ' : *json;
    event->frame[event->length++] = '\n';
    event->frame[event->length++] = '\n';
    return event;
}

static void wake(struct event_hub *hub, struct subscriber *subscriber)
{
    if (!subscriber->is_asleep)
        return;
    subscriber->is_asleep = false;
    hub->rim.wake(subscriber->connection);
}

enum road_status event_hub_add(struct event_hub *hub, int64_t change_id, const char *json)
{
    struct event *event = frame_new(change_id, json);

    if (!event)
        return ROAD_NO_MEMORY;
    pthread_mutex_lock(&hub->lock);
    if (change_id <= hub->newest) {
        event_release(event);
    } else {
        while (hub->n > 0 && (hub->n == EVENTS_KEPT || hub->bytes + event->length > EVENTS_BYTES_MAX))
            forget_oldest(hub);
        hub->ring[(hub->first + hub->n++) % EVENTS_KEPT] = event;
        hub->bytes += event->length;
        hub->newest = change_id;
        for (struct subscriber *s = hub->subscribers; s; s = s->next)
            wake(hub, s);
    }
    pthread_mutex_unlock(&hub->lock);
    return ROAD_OK;
}

void event_hub_beat(struct event_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    for (struct subscriber *s = hub->subscribers; s; s = s->next) {
        s->wants_comment = s->is_asleep;
        wake(hub, s);
    }
    pthread_mutex_unlock(&hub->lock);
}

void event_hub_stop(struct event_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->is_stopping = true;
    for (struct subscriber *s = hub->subscribers; s; s = s->next)
        wake(hub, s);
    pthread_mutex_unlock(&hub->lock);
}

int event_hub_count(struct event_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    const int n = hub->n_subscribers;
    pthread_mutex_unlock(&hub->lock);
    return n;
}

static void send_note(struct subscriber *subscriber, const char *format, int64_t id)
{
    subscriber->data = subscriber->note;
    subscriber->left = (size_t)snprintf(subscriber->note, sizeof subscriber->note, format, id, id);
}

enum road_status subscriber_join(struct event_hub *hub, void *connection, int64_t after,
                                 struct subscriber **ret_subscriber)
{
    struct subscriber *s = calloc(1, sizeof *s);
    enum road_status status = ROAD_OK;

    if (!s)
        return ROAD_NO_MEMORY;
    pthread_mutex_lock(&hub->lock);
    if (hub->n_subscribers == hub->subscribers_max) {
        status = ROAD_FULL;
    } else {
        s->hub = hub;
        s->connection = connection;
        s->known = after < 0 ? hub->newest : after;
        /* An id without data raises no event, but a client that reconnects will name it. */
        send_note(s, "retry: 2000\nid: %" PRId64 "\n\n", s->known);
        s->next = hub->subscribers;
        if (s->next)
            s->next->previous = s;
        hub->subscribers = s;
        hub->n_subscribers++;
    }
    pthread_mutex_unlock(&hub->lock);
    if (status)
        free(s);
    else
        *ret_subscriber = s;
    return status;
}

void subscriber_leave(struct subscriber *subscriber)
{
    struct event_hub *hub = subscriber->hub;

    pthread_mutex_lock(&hub->lock);
    *(subscriber->previous ? &subscriber->previous->next : &hub->subscribers) = subscriber->next;
    if (subscriber->next)
        subscriber->next->previous = subscriber->previous;
    hub->n_subscribers--;
    event_release(subscriber->event);
    pthread_mutex_unlock(&hub->lock);
    free(subscriber);
}

/* The first kept event behind `known`; there is one. */
static struct event *next_event(const struct event_hub *hub, int64_t known)
{
    size_t low = 0, high = hub->n - 1;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (hub->ring[(hub->first + middle) % EVENTS_KEPT]->id > known)
            high = middle;
        else
            low = middle + 1;
    }
    return hub->ring[(hub->first + low) % EVENTS_KEPT];
}

/* Chooses what is sent next; false if there is nothing. */
static bool choose(struct event_hub *hub, struct subscriber *s)
{
    event_release(s->event);
    s->event = NULL;
    /* A client that knows more than there is comes from another life of this server. */
    if (s->known < hub->forgotten || s->known > hub->newest) {
        s->known = hub->newest;
        send_note(s, "event: reset\nid: %" PRId64 "\ndata: {\"last_change\":%" PRId64 "}\n\n", s->known);
    } else if (s->known < hub->newest) {
        s->event = next_event(hub, s->known);
        s->event->references++;
        s->known = s->event->id;
        s->data = s->event->frame;
        s->left = s->event->length;
    } else if (s->wants_comment) {
        send_note(s, ": still here\n\n", 0);
    } else {
        return false;
    }
    s->wants_comment = false;
    return true;
}

ssize_t subscriber_read(struct subscriber *subscriber, char *ret_bytes, size_t capacity)
{
    struct event_hub *hub = subscriber->hub;
    size_t used = 0;

    pthread_mutex_lock(&hub->lock);
    while (used < capacity && (subscriber->left > 0 || (!hub->is_stopping && choose(hub, subscriber)))) {
        const size_t n = subscriber->left < capacity - used ? subscriber->left : capacity - used;
        memcpy(ret_bytes + used, subscriber->data, n);
        subscriber->data += n;
        subscriber->left -= n;
        used += n;
    }
    const bool has_ended = hub->is_stopping && used == 0;
    if (used == 0 && !has_ended) {
        subscriber->is_asleep = true;
        hub->rim.sleep(subscriber->connection);
    }
    pthread_mutex_unlock(&hub->lock);
    return has_ended ? -1 : (ssize_t)used;
}
