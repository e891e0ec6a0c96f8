#include "sensor-node/vision/frame.h"

#include <sys/stat.h>

#include <new>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace
{

double laplacian_variance(const cv::Mat &road)
{
    cv::Mat scaled, edges;
    cv::Scalar mean, deviation;

    cv::resize(road, scaled, cv::Size(640, std::max(1, road.rows * 640 / road.cols)), 0, 0, cv::INTER_AREA);
    cv::Laplacian(scaled, edges, CV_64F);
    cv::meanStdDev(edges, mean, deviation);
    return deviation[0] * deviation[0];
}

enum road_status examine(const char *path, frame_facts &facts)
{
    const cv::Mat image = cv::imread(path, cv::IMREAD_GRAYSCALE);

    if (image.empty() || image.rows < 2)
        return ROAD_BAD_INPUT;
    if (image.cols > FRAME_SIDE_MAX || image.rows > FRAME_SIDE_MAX)
        return ROAD_TOO_LARGE;
    const cv::Mat road = image.rowRange(image.rows / 2, image.rows);
    facts.width = image.cols;
    facts.height = image.rows;
    facts.brightness = cv::mean(road)[0];
    facts.sharpness = laplacian_variance(road);
    facts.is_usable = facts.brightness >= FRAME_BRIGHTNESS_MIN && facts.sharpness >= FRAME_SHARPNESS_MIN;
    return ROAD_OK;
}

} // namespace

extern "C" enum road_status frame_examine(const char *path, struct frame_facts *ret_facts)
{
    struct stat file;
    frame_facts facts = {};

    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode))
        return ROAD_NOT_FOUND;
    if (file.st_size > FRAME_BYTES_MAX)
        return ROAD_TOO_LARGE;
    try {
        const enum road_status status = examine(path, facts);
        if (status == ROAD_OK)
            *ret_facts = facts;
        return status;
    } catch (const std::bad_alloc &) {
        return ROAD_NO_MEMORY;
    } catch (...) {
        return ROAD_BAD_INPUT; /* OpenCV throws for images it will not take */
    }
}
